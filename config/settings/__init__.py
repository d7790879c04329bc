"""One module per kind of deployment: local (`make run`), test, production; all start from base."""

"""dj-stripe's tables, made in one step.

Its own migrations remove 514 columns one by one and take two minutes; the tables are the same. `make check` shows when
a new dj-stripe needs one more: `manage.py makemigrations djstripe`.
"""

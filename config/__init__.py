"""The composition root: settings, routes and entry points wire the apps together; nothing imports it but `kit`."""

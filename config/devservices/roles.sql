-- The two roles and what the application may do. `make run` and the tests run this in each new database, and a
-- production set-up runs the same lines as a superuser (with passwords of its own).
-- Owner: makes and changes tables. Application: reads and writes rows; append-only tables take back more in their own
-- migrations. No TRUNCATE anywhere: the append-only triggers do not see it.
GRANT CONNECT, TEMPORARY ON DATABASE :database TO farebox_app;
GRANT USAGE ON SCHEMA public TO farebox_app;
GRANT USAGE, CREATE ON SCHEMA public TO farebox_owner;
ALTER DEFAULT PRIVILEGES FOR ROLE farebox_owner IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO farebox_app;
ALTER DEFAULT PRIVILEGES FOR ROLE farebox_owner IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO farebox_app;
ALTER DEFAULT PRIVILEGES FOR ROLE farebox_owner IN SCHEMA public GRANT EXECUTE ON FUNCTIONS TO farebox_app;

-- Run once, by the image of Postgres, on an empty volume. OpenFGA lives beside the ledger and never comes to it.
\set password `cat /run/secrets/openfga_database_password`
create role openfga login password :'password';
create database openfga owner openfga;
revoke connect on database bailiwick from public;

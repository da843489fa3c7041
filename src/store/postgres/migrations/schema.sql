-- Where all of it is.
create schema if not exists puntual;

"""The store on SQLite and PostgreSQL: one definition of the tables, one code path, SQLAlchemy Core.

What is exact where: in PostgreSQL amounts are NUMERIC, in SQLite they are decimals as TEXT (``14.00``): exact as well,
readable without knowing a scale, and nothing here adds up in SQL. Times in columns of the seed's are UTC without a zone
(TIMESTAMP has none), in our own tables timestamptz; in SQLite both are ISO texts of one width, so that they sort.
"""

"""How the files of the corpus were made. Running it makes them anew; the tests only read them."""

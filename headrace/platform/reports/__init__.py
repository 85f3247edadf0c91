"""Reports: definitions compiled to one SELECT over the source, aggregated by the database."""

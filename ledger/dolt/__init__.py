"""All the SQL there is: the journal and its tables on doltlite and on a Dolt server."""

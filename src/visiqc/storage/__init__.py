"""Where the record is kept: photos and maps as blobs in a folder, everything else in a SQL database."""

"""Records in and out of files: import and export of CSV and XLSX."""

"""`homeport deploy`: files with which this configuration is deployed."""

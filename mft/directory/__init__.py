"""Directories, where people and their passwords live: an LDAP server, or a small file for first days."""

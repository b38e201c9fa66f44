"""Who asks: OpenSSH's sftp for whole files, libssh2 for everything small."""

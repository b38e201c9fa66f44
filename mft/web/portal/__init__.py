"""The portal: browsers, over the same rooms and rules as SFTP."""

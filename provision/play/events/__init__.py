"""The plug-in through which Ansible tells the program what happens."""

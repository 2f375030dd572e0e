"""Ansible: started, given its inventory, listened to, and its failures in our words."""

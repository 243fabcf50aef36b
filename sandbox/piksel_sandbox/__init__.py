"""AWS and Kubernetes on loopback: moto completed where it stops, real control planes, a recorder of every call."""

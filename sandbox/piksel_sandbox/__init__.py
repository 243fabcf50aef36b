"""AWS and Kubernetes on loopback: the target that the piksel.platform collection is tried on."""

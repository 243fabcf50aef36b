"""The real Karpenter in the sandbox: its controller as a process, and instances that join their cluster as nodes."""

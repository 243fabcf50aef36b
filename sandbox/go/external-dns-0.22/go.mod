module piksel.sandbox/external-dns-0.22

go 1.26.6

require sigs.k8s.io/external-dns v0.22.0

"""Routes of the EKS API; the operation is found by moto's router from botocore's model."""

from .responses import EKSResponse

url_bases = [r"https?://eks\.(.+)\.amazonaws.com"]

url_paths = {
    "{0}/clusters$": EKSResponse.dispatch,
    "{0}/clusters/(?P<path>.+)$": EKSResponse.dispatch,
    "{0}/addons/(?P<path>.+)$": EKSResponse.dispatch,
    "{0}/access-policies$": EKSResponse.dispatch,
    "{0}/cluster-versions$": EKSResponse.dispatch,
    "{0}/tags/(?P<resourceArn>.+)$": EKSResponse.dispatch,
}

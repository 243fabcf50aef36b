"""The hub's registry: who may pull is said by its repositories' policies."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from piksel_sandbox.fixture.hub import REPOSITORIES

HUB, NO_LAYER = "686410905891", "sha256:" + "0" * 64


@pytest.mark.requirement("ECR-01", "ECR-02")
def test_the_repositories_of_the_hub(session_of) -> None:
    found = session_of("hub-piksel").client("ecr").describe_repositories()["repositories"]
    assert {one["repositoryName"] for one in found} == set(REPOSITORIES)
    assert [one["repositoryName"] for one in found if one["imageTagMutability"] == "MUTABLE"] == ["coastlines"]
    assert all(one["imageScanningConfiguration"]["scanOnPush"] for one in found)


@pytest.mark.requirement("ECR-03")
@pytest.mark.parametrize(
    ("profile", "code"),
    [
        ("dev-piksel", "LayersNotFoundException"),
        ("staging-piksel", "LayersNotFoundException"),
        ("prod-piksel", "AccessDeniedException"),
        ("hub-piksel", "LayersNotFoundException"),
    ],
)
def test_dev_and_staging_may_pull_and_prod_may_not(profile: str, code: str, session_of) -> None:
    ecr = session_of(profile).client("ecr")
    with pytest.raises(ClientError, match=code):
        ecr.get_download_url_for_layer(registryId=HUB, repositoryName="ows", layerDigest=NO_LAYER)


def test_every_call_of_a_pull_asks_the_policy(session_of) -> None:
    dev, prod = session_of("dev-piksel").client("ecr"), session_of("prod-piksel").client("ecr")
    image = {"registryId": HUB, "repositoryName": "ows", "imageIds": [{"imageTag": "none"}]}
    layer = {"registryId": HUB, "repositoryName": "ows", "layerDigests": [NO_LAYER]}
    dev.batch_check_layer_availability(**layer)
    assert dev.batch_get_image(**image)["failures"][0]["failureCode"] == "ImageNotFound"
    for call, asked in ((prod.batch_get_image, image), (prod.batch_check_layer_availability, layer)):
        with pytest.raises(ClientError, match="AccessDeniedException"):
            call(**asked)
    with pytest.raises(ClientError, match="RepositoryNotFoundException"):
        dev.batch_get_image(registryId=HUB, repositoryName="none", imageIds=[{"imageTag": "x"}])

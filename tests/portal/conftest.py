"""The stand-in gateway on a free port, and the portal in front of it."""

import pytest
from starlette.testclient import TestClient

from examples.portal.portal import create_application
from examples.portal.settings import PortalSettings
from tests.pages.page_samples import serving
from tests.portal.stand_in import CLIENT_ID, CLIENT_SECRET, StandIn


@pytest.fixture
def stand_in():
    gateway = StandIn()
    with serving(gateway.application()) as url:
        gateway.issuer = url
        yield gateway


@pytest.fixture
def settings(stand_in):
    return PortalSettings(
        issuer=stand_in.issuer, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, base_url="http://portal.test"
    )


@pytest.fixture
def portal(settings):
    with TestClient(create_application(settings), base_url="http://portal.test", follow_redirects=False) as client:
        yield client

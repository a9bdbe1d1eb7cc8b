"""The real program against the real server."""

import pytest

from tests.terminal.driver import Driver


@pytest.fixture
def deepchat(server):
    """Starts the program with these flags, talking to `server`; ends what is still running afterwards."""
    running = []

    def start(*flags, **options):
        driver = Driver("--base-url", server.base_url, "-m", "deepchat/demo", *flags, **options)
        running.append(driver)
        return driver

    yield start
    for driver in running:
        driver.end()

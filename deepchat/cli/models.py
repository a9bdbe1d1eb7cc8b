"""`deepchat models`: what a server offers, from the shell."""

import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict

import click

from deepchat import figures
from deepchat.cli.entry import settings_of
from deepchat.cli.lists import Listed, put
from deepchat.cli.saying import say
from deepchat.cli.wishes import Errand, Wishes
from deepchat.config import Settings
from deepchat.conversation import ModelInfo
from deepchat.errors import ApiError, NetworkError
from deepchat.offers import HEADERS, ORDERS, aged, fitting, ordered, row


@click.command(short_help="List what the server offers, with prices.")
@click.option("--sort", "by", metavar="BY", default="id", help=f"By {', '.join(ORDERS)}.")
@click.option("--refresh", is_flag=True, help="Ask the server now.")
@click.option("--json", "as_json", is_flag=True, help="For programs: one JSON array.")
@click.argument("filters", nargs=-1)
@click.pass_obj
def models(
    wishes: Wishes, /, by: str, filters: Sequence[str], *, refresh: bool, as_json: bool
) -> Errand:
    """The models of the server: windows, prices in US dollars per million tokens, what for.

    FILTERS are words of names or tags, and comparisons: deepchat models vision 'context>100k' 'out<5'
    """

    def act(wishes: Wishes) -> int:
        with settings_of(wishes) as settings:
            offered = _offered(settings, anew=refresh)
            found = ordered(fitting(offered, " ".join(filters)), by)
            put(_listed(found), settings, as_json=as_json)
        return 0

    return Errand(wishes, act)


def _offered(settings: Settings, *, anew: bool) -> Sequence[ModelInfo]:
    """A day old at most, or asked for `anew`; without a network what is known, whatever its age. A person is told that.

    Raises ApiError, NetworkError when there is none.
    """
    from deepchat.api.models import Catalogue  # late: brings the client along
    from deepchat.cli.wiring import Provider, models_cache

    with closing(Provider(settings)) as provider:
        catalogue = Catalogue(provider.models, models_cache(settings, private=False))
        try:
            found = catalogue.refresh() if anew else catalogue.lately()
        except (ApiError, NetworkError) as error:
            if not catalogue.cached() or catalogue.age is None:
                raise
            say(f"{error} The list is as of {figures.duration(catalogue.age)} ago.")
            return catalogue.cached()
        if sys.stdout.isatty() and (age := aged(catalogue.age)):
            say(age)
        return found


def _listed(found: Sequence[ModelInfo]) -> Listed:
    return Listed(
        headers=HEADERS,
        rows=[row(one) for one in found],
        records=[asdict(one) for one in found],
        nothing="The server lists no models, or none fits.",
    )

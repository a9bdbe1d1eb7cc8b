"""`deepchat models`: the server's list, from its copy while that is young or the server is away."""

import json
import os
import time

from tests.cli.test_oneshot import run


def at(server, data):
    return ["--base-url", server.base_url, "--data-dir", str(data)]


def asked(server):
    return sum(one.path.startswith("/v1/openai/models") for one in server.received)


def cache(own_home):
    (path,) = own_home.rglob("models-*.json")
    return path


def test_the_list_is_narrowed_ordered_and_made_for_programs(server, own_home):
    code, out, err = run(*at(server, own_home), "models")
    assert (code, err) == (0, "")
    assert out.startswith("deepchat/demo\t")
    assert run(*at(server, own_home), "models", "nosuchthing")[1] == ""
    code, out, _ = run(*at(server, own_home), "models", "--json", "demo", "--sort", "price")
    assert "deepchat/demo" in {one["id"] for one in json.loads(out)}
    assert asked(server) == 1


def test_a_copy_that_is_old_is_asked_for_again_and_one_that_is_doubted(server, own_home):
    run(*at(server, own_home), "models")
    run(*at(server, own_home), "models", "--refresh")
    assert asked(server) == 2
    old = time.time() - 100_000
    os.utime(cache(own_home), (old, old))
    run(*at(server, own_home), "models")
    assert asked(server) == 3


def test_without_the_server_the_copy_is_shown_with_its_age(server, own_home):
    run(*at(server, own_home), "models")
    server.close()
    code, out, err = run(*at(server, own_home), "models", "--refresh")
    assert (code, out.startswith("deepchat/demo")) == (0, True)
    assert "refused the connection. The list is as of" in err


def test_without_a_copy_the_failure_is_told(server, own_home):
    server.close()
    code, out, err = run(*at(server, own_home), "models")
    assert (code, out) == (4, "")
    assert "refused the connection" in err


def test_a_filter_that_is_not_understood_is_a_mistake_of_the_user(server, own_home):
    assert run(*at(server, own_home), "models", "price<1")[0] == 1
    assert run(*at(server, own_home), "models", "--sort", "size")[0] == 1

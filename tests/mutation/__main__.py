"""The command: exit code 0 if enough of the mutants that change a value were caught."""

import argparse
import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

TESTS = Path(__file__).resolve().parent.parent
NEEDED = 0.95
FOLDERS = ["ops", "kernels", "autograd", "backend"]


def main() -> int:
    """Run a campaign and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m mutation", description=__doc__)
    parser.add_argument("--sample", type=int, metavar="N", help="try N mutants only")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="another one, others (0)")
    parser.add_argument("--only", default="", metavar="TEXT", help="rules whose place contains it")
    parser.add_argument("--tests", default="", metavar="EXPRESSION", help="as pytest's -k")
    parser.add_argument("--folders", nargs="+", metavar="NAME", default=FOLDERS, help="of tests/")
    given = parser.parse_args()
    quick = {"deadline": None, "database": None, "derandomize": True, "phases": [Phase.generate]}
    quick["report_multiple_bugs"] = False  # one is enough
    settings.register_profile(
        "mutation", max_examples=20, suppress_health_check=list(HealthCheck), **quick
    )
    os.environ |= {"HYPOTHESIS_PROFILE": "mutation", "MINIBIG_THREADS": "1"}
    settings.load_profile("mutation")  # before the tests are imported, which keep what they find
    from .campaign import Campaign

    campaign = Campaign(given.sample, given.seed, given.only)
    paths = [str(TESTS / name) for name in given.folders]
    options = ["-p", "no:terminal", "-p", "no:cacheprovider", "-k", given.tests]
    options += ["-o", "addopts=", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
    pytest.main([*options, f"--rootdir={TESTS.parent}", *paths], plugins=[campaign])
    if not campaign.outcomes:
        print("no rule was found, or no test", file=sys.stderr)
        return 2
    share, text = campaign.summary()
    print(text)
    return 0 if share >= NEEDED else 1


sys.exit(main())

"""Are the tests of the derivatives good enough? Every rule is damaged, and a test should notice.

    python -m mutation                    all mutants of all rules
    python -m mutation --sample 40        some of them

run in the folder `tests`. Read in this order: rules, mutants, values, campaign.
"""

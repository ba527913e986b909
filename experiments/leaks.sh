#!/usr/bin/env bash
# Fails where the corpus of the model that ships holds what it is measured on: the environments' test tasks, exactly or
# nearly, or the fresh draws, whose wording it knows on purpose, with the same values.
#
#   DOCUMENTS  of each phase that are looked at  (20000)
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
in_environment calculation

place leaks
for phase in scattered systematic; do
    once $phase python -m tiny_model corpus --phase $phase --number "${DOCUMENTS:-20000}" -o $phase.jsonl
done
once tests python -m experiments.leaks scattered.jsonl systematic.jsonl "${measured[@]}"
once fresh python -m experiments.leaks scattered.jsonl systematic.jsonl --same-values \
    --against "$root/tiny_model/held_out.jsonl" --against "$root/tiny_model/held_out_retail.jsonl"

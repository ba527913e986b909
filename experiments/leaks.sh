#!/usr/bin/env bash
# Fails where the corpus of the model that ships holds what it is measured on: the environments' test tasks, exactly or
# nearly, or the fresh draws, whose wording it knows on purpose, with the same values.
#
#   DOCUMENTS  of each phase that are looked at  (all)
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
in_environment calculation

place leaks
documents() { # PHASE: as many as the model is trained on
    python -c 'import sys; from tiny_model.settings import SHIPPED; print(*(p.documents for p in SHIPPED if p.name == sys.argv[1]))' "$1"
}

for phase in scattered systematic; do
    number=${DOCUMENTS:-$(documents $phase)}
    once $phase python -m tiny_model corpus --phase $phase --number "$number" -o $phase.jsonl
done
once tests python -m experiments.leaks scattered.jsonl systematic.jsonl "${measured[@]}"
once fresh python -m experiments.leaks scattered.jsonl systematic.jsonl --same-values \
    --against "$root/tiny_model/held_out.jsonl" --against "$root/tiny_model/held_out_retail.jsonl"

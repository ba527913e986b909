#!/usr/bin/env bash
# Fails where the corpus of the model that ships, or of its sibling, holds what they are measured on: the environments'
# test tasks, exactly or nearly, or the fresh draws, whose wording it knows on purpose, with the same values.
#
#   DOCUMENTS  of each phase that are looked at  (all)
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
in_environment calculation

names=$(python -c 'from tiny_model.settings import PHASES; print(*PHASES)') # on a line of its own: `set -e` sees it fail
read -ra phases <<<"$names"
place leaks
documents() { # PHASE: as many as the models are trained on
    python -c 'import sys; from tiny_model.settings import PHASES; print(PHASES[sys.argv[1]].documents)' "$1"
}

for phase in "${phases[@]}"; do
    number=${DOCUMENTS:-$(documents "$phase")}
    once "$phase" python -m tiny_model corpus --phase "$phase" --number "$number" -o "$phase.jsonl"
done
once tests python -m experiments.leaks "${phases[@]/%/.jsonl}" "${measured[@]}"
once fresh python -m experiments.leaks "${phases[@]/%/.jsonl}" --same-values \
    --against "$root/tiny_model/held_out.jsonl" --against "$root/tiny_model/held_out_retail.jsonl"

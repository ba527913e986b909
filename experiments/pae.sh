#!/usr/bin/env bash
# The paper's baseline beside part a: tasks proposed from documentation alone, attempts judged by the model itself
# (Proposer-Agent-Evaluator). Training and measuring follow where the judge let anything through.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
in_environment "${1:-calculation}"

for seed in $seeds; do
    place "pae/$env/seed-$seed"
    once explore sca explore --env "$env" --method pae "${data[@]}" -n "$episodes" --seed "$seed" --model "$model" \
        -o proposed.jsonl
    once instructed sca select proposed.jsonl --filter "instruction != None" -o instructed.jsonl
    once not-fresh python -m experiments.leaks instructed.jsonl --same-values --against "$fresh" --clean not_fresh.jsonl
    once clean python -m experiments.leaks not_fresh.jsonl "${measured[@]}" --clean clean.jsonl
    [ -s clean.jsonl ] || continue
    once rollout sca rollout clean.jsonl "${data[@]}" "${user[@]}" --reward judge --attempts "$attempts" --seed "$seed" \
        --model "$model"
    once rewarded sca select trajectories.jsonl --filter "reward == 1" -o rewarded.jsonl
    [ -s rewarded.jsonl ] || continue
    once pae-train sca train rewarded.jsonl -o pae --model "$model" --seed "$seed"
    evaluate "$seed" pae pae
    place "$env/seed-$seed"
    evaluate "$seed" base "$model"
done

#!/usr/bin/env bash
# Part f: a second round, from a model whose challenger learned from its valid tasks too (joint), and from one whose
# challenger did not (full, of part a). Does the executor saturate, does diversity fall?
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
in_environment calculation

for seed in $seeds; do
    place "$env/seed-$seed"
    practise "$seed"
    evaluate "$seed" base "$model"
    base=$evidence/$env/seed-$seed
    once full-train sca train full-attempts.jsonl -o full --model "$model" --seed "$seed"
    place "second-round/seed-$seed"
    first_round=$PWD
    once joint-train sca train "$base/full-attempts.jsonl" "$base/full.jsonl" -o joint --model "$model" --seed "$seed"
    evaluate "$seed" joint joint
    for start in "$base/full" "$first_round/joint"; do
        name=$(basename "$start")
        place "second-round/seed-$seed/after-$name"
        model=$start practise $((seed + 100))
        once train sca train full-attempts.jsonl -o second --model "$start" --seed "$seed"
        evaluate "$seed" second second
    done
done

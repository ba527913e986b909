#!/usr/bin/env bash
# Part d: at equal numbers of attempts, are more tasks or more attempts at each worth more (the paper's Figure 6)?
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
in_environment calculation
total=${TOTAL:-1600} # attempts

for seed in $seeds; do
    place "$env/seed-$seed"
    practise "$seed"
    evaluate "$seed" base "$model"
    base=$evidence/$env/seed-$seed
    place "tasks-or-attempts/seed-$seed"
    for each in 8 20 80; do
        once "tasks-$each" first $((total / each)) "$base/full.jsonl" "tasks-$each.jsonl"
        once "rollout-$each" sca rollout "tasks-$each.jsonl" --attempts "$each" --seed "$seed" --model "$model" \
            -o "attempts-$each.jsonl"
        # As many successes of each task as keep the number of attempts to train on about the same.
        once "train-$each" sca train "attempts-$each.jsonl" --max-per-task $((each / 2)) -o "each-$each" \
            --model "$model" --seed "$seed"
        evaluate "$seed" "each-$each" "each-$each"
    done
done

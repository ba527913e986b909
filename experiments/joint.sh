#!/usr/bin/env bash
# Part g: one model trained on calculation and retail together, against one for each (Table 2).
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

for seed in $seeds; do
    for each in calculation retail; do
        in_environment $each
        place "$env/seed-$seed"
        practise "$seed"
        evaluate "$seed" base "$model"
    done
    place "joint/seed-$seed"
    once train sca train "$evidence"/{calculation,retail}/seed-"$seed"/full-attempts.jsonl -o joint --model "$model" \
        --seed "$seed"
    for each in calculation retail; do
        in_environment $each
        place "joint/seed-$seed/$each"
        evaluate "$seed" joint ../joint
    done
done

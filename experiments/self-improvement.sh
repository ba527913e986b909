#!/usr/bin/env bash
# Parts a and b: does one round of self-challenging help, what is the filter worth, and does the reward matter?
#
#     experiments/self-improvement.sh [calculation|retail]
#
# base     the model as it is
# full     RFT on its successes at tasks that passed every check
# none     the same on as many tasks that nobody filtered
# control  as many attempts as `full` trained on, at the same tasks, whatever their reward
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
in_environment "${1:-calculation}"

for seed in $seeds; do
    place "$env/seed-$seed"
    practise "$seed"
    once none first "$(wc -l <full.jsonl)" clean.jsonl none.jsonl
    attempt "$seed" none
    for arm in full none; do
        once "$arm-train" sca train "$arm-attempts.jsonl" -o "$arm" --model "$model" --seed "$seed"
    done
    once control-attempts sca select full-attempts.jsonl --max-per-task 4 -n "$(trained full)" --seed "$seed" \
        -o control-attempts.jsonl
    once control-train sca train control-attempts.jsonl --algo sft "${imitation[@]}" -o control --model "$model" \
        --seed "$seed"
    evaluate "$seed" base "$model"
    for arm in full none control; do evaluate "$seed" "$arm" "$arm"; done
    evaluate_on_tests "$seed" base "$model"
    evaluate_on_tests "$seed" full full
done

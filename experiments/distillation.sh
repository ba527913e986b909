#!/usr/bin/env bash
# Part e: the base learns from a stronger sibling's attempts: from all of them, or from successes only (Table 3).
#
#   SIBLING  the teacher's folder (tiny_model/sibling; `make tiny-sibling` makes it once more)
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
in_environment calculation
sibling=${SIBLING:-$root/tiny_model/sibling}

for seed in $seeds; do
    place "$env/seed-$seed"
    practise "$seed"
    evaluate "$seed" base "$model"
    base=$evidence/$env/seed-$seed
    place "distillation/seed-$seed"
    once rollout sca rollout "$base/full.jsonl" --attempts 4 --seed "$seed" --model "$sibling" -o teacher.jsonl
    once all-train sca train teacher.jsonl --algo sft "${imitation[@]}" -o all --model "$model" --seed "$seed"
    once successes-train sca train teacher.jsonl "${imitation[@]}" -o successes --model "$model" --seed "$seed"
    evaluate "$seed" teacher "$sibling"
    for arm in all successes; do evaluate "$seed" "$arm" "$arm"; done
done

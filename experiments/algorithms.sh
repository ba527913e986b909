#!/usr/bin/env bash
# Part c: RFT, DPO, PPO and GRPO on the same attempts, as many for each (the paper's Figure 3). PPO and GRPO also
# online, where they make as many attempts themselves: 4 iterations of 32 tasks × 8.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
in_environment calculation
iterations=${ITERATIONS:-4}

for seed in $seeds; do
    place "$env/seed-$seed"
    practise "$seed"
    evaluate "$seed" base "$model"
    place "algorithms/seed-$seed"
    base=$evidence/$env/seed-$seed
    tasks=$((iterations * 32))
    once tasks first "$tasks" "$base/full.jsonl" tasks.jsonl
    once attempts sca select "$base/trajectories.jsonl" --tasks tasks.jsonl -o attempts.jsonl
    for algorithm in rft dpo ppo grpo; do
        rate=()
        if [ $algorithm = dpo ]; then rate=(--lr 1e-4 --epochs 2 --batch-size 32 --max-length 1024); fi
        once "$algorithm-train" sca train attempts.jsonl --algo $algorithm "${rate[@]}" -o $algorithm --model "$model" \
            --seed "$seed"
        evaluate "$seed" $algorithm $algorithm
    done
    for algorithm in ppo grpo; do
        once "online-$algorithm-train" sca train --online --algo $algorithm --tasks tasks.jsonl --env "$env" \
            --iterations "$iterations" -o "online-$algorithm" --model "$model" --seed "$seed"
        evaluate "$seed" "online-$algorithm" "online-$algorithm"
    done
done

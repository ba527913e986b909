#!/usr/bin/env bash
# PPO online with the paper's settings: iterations of 32 tasks × 8 attempts, each trained on at once;
# with LoRA at ten times the paper's learning rate, for all weights of 8B and their moments do not fit beside vLLM.
#
#   recipes/ppo.sh --env calculation
#
#   --env NAME|FOLDER    the environment                     --out FOLDER   where the files go (build/recipe)
#   --data FOLDER        its data, if not its own            --dry-run      show the commands
#   --user NAME|scripted who plays the user (the base model)
#   --model NAME|FOLDER  who learns (meta-llama/Llama-3.1-8B-Instruct)
#   --challenger NAME    who writes the tasks (the same)     --engine NAME  what runs models (vllm)
#   --seed N             where random numbers begin (1)
#   --episodes N         of the challenger (16000)           --tasks N      to practise on, at most (800)
#   --iterations N       of 32 × 8 attempts (50)             --gpus N       for engine and training (8)
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

make_tasks
stage sca train --online --algo ppo --tasks practice.jsonl --env "$env" "${data[@]}" "${users[@]}" --model "$model" \
    "${online[@]}" --iterations "$iterations" --seed "$seed"
compare

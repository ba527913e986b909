#!/usr/bin/env bash
# Self-improvement on one GPU: adapters of low rank (LoRA), ten times the paper's learning rate.
#
#   recipes/single-gpu.sh --env retail --model Qwen/Qwen3-8B --episodes 2000 --tasks 200
#
#   --env NAME|FOLDER    the environment                     --out FOLDER   where the files go (build/recipe)
#   --data FOLDER        its data, if not its own            --dry-run      show the commands
#   --user NAME|scripted who plays the user (the base model)
#   --model NAME|FOLDER  who improves (meta-llama/Llama-3.1-8B-Instruct)
#   --challenger NAME    who writes the tasks (the same)     --engine NAME  what runs models (vllm)
#   --episodes N         of the challenger (16000)           --tasks N      to practise on, at most (800)
#   --attempts N         at each task (15)                   --seed N       where random numbers begin (1)
only_gpus=1
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

make_tasks
practise "$model" trajectories.jsonl
stage sca train trajectories.jsonl --model "$model" "${training[@]}" --lora --lr 1e-4 --micro-tokens 4096 --seed "$seed"
compare

#!/usr/bin/env bash
# Self-improvement as in the paper: one model writes tasks, practises on those that hold, and learns from its
# successes (RFT). On a stopped machine the same command goes on where it was.
#
#   recipes/self-improve.sh --env retail --gpus 8
#
#   --env NAME|FOLDER    the environment                     --out FOLDER   where the files go (build/recipe)
#   --data FOLDER        its data, if not its own            --dry-run      show the commands
#   --user NAME|scripted who plays the user (the base model)
#   --model NAME|FOLDER  who improves (meta-llama/Llama-3.1-8B-Instruct)
#   --challenger NAME    who writes the tasks (the same)     --engine NAME  what runs models (vllm)
#   --seed N             where random numbers begin (1)
#   --episodes N         of the challenger (16000)           --tasks N      to practise on, at most (800)
#   --attempts N         at each task (15)                   --gpus N       for engine and training (8)
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

make_tasks
practise "$model" trajectories.jsonl
stage sca train trajectories.jsonl --model "$model" "${training[@]}" --seed "$seed"
compare

"""What vLLM's own processes do for us beside their work; they get these methods by `worker_extension_cls`."""

from typing import Any


class Renewing:
    """Mixed into vLLM's worker."""

    reload_weights: Any
    model_runner: Any

    def renew(self, folder: str) -> None:
        """Take other weights of the same model from a folder, in place."""
        from vllm.model_executor.layers.vocab_parallel_embedding import ParallelLMHead

        self.reload_weights(weights_path=folder)
        for module in self.model_runner.get_model().modules():
            # A head that is tied to the embeddings has no weights of its own in the folder, and so is left as it was:
            # on a CPU with a copy of the old ones, packed for its kernels (0.32.0).
            if isinstance(module, ParallelLMHead):
                module.quant_method.process_weights_after_loading(module)

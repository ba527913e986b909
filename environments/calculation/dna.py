"""DNA and mRNA as strings of letters."""

from sca.environment import ToolError, Toolset, read

_TRANSCRIPTION = str.maketrans("ACGT", "UGCA")
_REVERSE_TRANSCRIPTION = str.maketrans("UCAG", "AGTC")
_AMINO_ACIDS = {"AUG": "Methionine", "UUU": "Phenylalanine", "UUC": "Phenylalanine"}


def _check(sequence: str, letters: str, kind: str) -> None:
    for position, letter in enumerate(sequence, 1):
        if letter not in letters:
            raise ToolError(f"{letter!r} at position {position} is no {kind} letter; use only {', '.join(letters)}")


class DnaSequencer(Toolset):
    """Transcribe, translate and count genetic sequences, written in capital letters."""

    @read
    def count_nucleotides(self, dna_sequence: str) -> dict[str, int]:
        """Count how often each of the nucleotides A, C, G and T occurs in a DNA sequence.

        Example: count_nucleotides("GATTA") returns {"A": 2, "C": 0, "G": 1, "T": 2}
        """
        _check(dna_sequence, "ACGT", "DNA")
        return {letter: dna_sequence.count(letter) for letter in "ACGT"}

    @read
    def transcribe_dna_to_mrna(self, dna_sequence: str) -> str:
        """Transcribe DNA to mRNA, letter by letter: A becomes U, C becomes G, G becomes C, T becomes A.

        Example: transcribe_dna_to_mrna("TACG") returns "AUGC"
        """
        _check(dna_sequence, "ACGT", "DNA")
        return dna_sequence.translate(_TRANSCRIPTION)

    @read
    def translate_mrna_to_amino_acid(self, mrna_sequence: str) -> str:
        """Translate mRNA to amino acids, three letters (a codon) at a time, joined by "-".

        AUG is Methionine, UUU and UUC are Phenylalanine; any other codon, and an incomplete one at the end, is X.
        Example: translate_mrna_to_amino_acid("AUGUUUCC") returns "Methionine-Phenylalanine-X"
        """
        _check(mrna_sequence, "ACGU", "mRNA")
        codons = [mrna_sequence[i : i + 3] for i in range(0, len(mrna_sequence), 3)]
        return "-".join(_AMINO_ACIDS.get(codon, "X") for codon in codons)

    @read
    def find_max_nucleotide(self, *args: str | int) -> tuple[str, int]:
        """Return the nucleotide with the highest count, and that count; of equal ones the first given.

        The arguments are names and counts in turn: name, count, name, count, …
        Example: find_max_nucleotide("A", 2, "C", 5) returns ["C", 5]
        """
        names, counts = args[::2], args[1::2]
        fits = len(names) == len(counts) and all(isinstance(name, str) for name in names)
        numbers = [count for count in counts if isinstance(count, int)]
        if not args or not fits or len(numbers) != len(counts):
            raise ToolError('give names and counts in turn: find_max_nucleotide("A", 2, "C", 5)')
        largest = max(numbers)
        return str(names[numbers.index(largest)]), largest

    @read
    def is_valid_dna_sequence(self, dna_sequence: str) -> bool:
        """Say whether the sequence holds nothing but the letters A, C, G and T.

        Example: is_valid_dna_sequence("ACGU") returns False
        """
        return set(dna_sequence) <= set("ACGT")

    @read
    def reverse_transcribe_mrna_to_dna(self, mrna_sequence: str) -> str:
        """Turn mRNA back into the DNA it came from: U becomes A, C becomes G, A becomes T, G becomes C.

        Example: reverse_transcribe_mrna_to_dna("AUGC") returns "TACG"
        """
        _check(mrna_sequence, "ACGU", "mRNA")
        return mrna_sequence.translate(_REVERSE_TRANSCRIPTION)

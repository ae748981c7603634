"""A model file of a few hundred kilobytes that llama.cpp runs and that tells one passage, whatever it is asked.

A transformer of one layer whose attention and feed-forward weights are nothing: what it says next depends on the last
token alone, through an embedding and an output matrix. Pieces of the passage follow one another; any other token is
followed by the first piece, the last piece by the end of the text.
"""

import gguf
import numpy

LOGIT = 40.0


def write(path, text, size=9):
    """Writes a model to `path` that says `text`, in pieces of `size` characters."""
    pieces = [text[start:start + size] for start in range(0, len(text), size)]
    # A piece follows exactly one other, so no two may be the same.
    tokens = [b"<unk>", b"<s>", b"</s>"] + [b"<0x%02X>" % byte for byte in range(256)]
    kinds = [gguf.TokenType.UNKNOWN, gguf.TokenType.CONTROL, gguf.TokenType.CONTROL] + [gguf.TokenType.BYTE] * 256
    first = len(tokens)
    tokens += [piece.replace(" ", "\u2581").encode() for piece in pieces]
    kinds += [gguf.TokenType.NORMAL] * len(pieces)
    assert len(set(tokens)) == len(tokens), "a piece occurs twice"
    # Merging never leads to a piece: their scores are the lowest, and no part of theirs is a token.
    scores = [0.0] * first + [-1e6] * len(pieces)

    heads = 4
    count = len(tokens)
    width = -(-count // 32) * 32  # an embedding for each token, one-hot
    embedding = numpy.zeros((count, width), numpy.float32)
    embedding[numpy.arange(count), numpy.arange(count)] = 1
    output = numpy.zeros((count, width), numpy.float32)
    for token in range(count):
        follower = token + 1 if first <= token < count - 1 else 2 if token == count - 1 else first
        output[follower, token] = LOGIT / width**0.5  # the norm before it makes the one of one-hot sqrt(width)
    none = numpy.zeros((width, width), numpy.float32)

    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("one passage")
    writer.add_context_length(16_384)
    writer.add_embedding_length(width)
    writer.add_block_count(1)
    writer.add_feed_forward_length(width)
    writer.add_head_count(heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(width // heads)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores(scores)
    writer.add_token_types(kinds)
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_tensor("token_embd.weight", embedding)
    writer.add_tensor("output_norm.weight", numpy.ones(width, numpy.float32))
    writer.add_tensor("output.weight", output)
    for name in ("attn_norm", "ffn_norm"):
        writer.add_tensor(f"blk.0.{name}.weight", numpy.ones(width, numpy.float32))
    for name in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"):
        writer.add_tensor(f"blk.0.{name}.weight", none)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()

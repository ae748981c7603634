"""A model file of some megabytes that llama.cpp runs and that tells one passage, whatever it is asked.

A transformer whose attention and feed-forward weights are nothing: what it says next depends on the last token alone,
through an embedding and an output matrix. Pieces of the passage follow one another; any other token is followed by the
first piece, the last piece by the end of the text.
"""

import gguf
import numpy

LOGIT = 40.0


def write(path, text, size=9, space_prefix=False, words=(), idle=0):
    """Writes a model to `path` that says `text`, in pieces of `size` characters or a few more.

    With a `space_prefix`, as most SentencePiece vocabularies have it, llama.cpp's server refuses every schema. Each of
    the `words` is one token to it, with or without a space before it, and so are two hexadecimal digits; of other text,
    every byte is. With `idle` tokens that are never said, it is as much slower at saying a word as a real model is than at
    reading one: what may be said is weighed for each word of the answer only.
    """
    pieces = []
    while text:
        # A piece follows exactly one other, so no two may be the same.
        end = next(end for end in range(size, len(text) + size) if text[:end] not in pieces)
        pieces.append(text[:end])
        text = text[end:]
    spelled = [piece.replace(" ", "\u2581") for piece in pieces]
    # Merging begins with two characters, so a word is a token only where each of its beginnings is.
    texts = [start + word for word in words for start in ("\u2581", "")] + [f"{byte:02x}" for byte in range(256)]
    beginnings = sorted({text[:end] for text in texts for end in range(2, len(text) + 1)} - set(spelled))
    tokens = [b"<unk>", b"<s>", b"</s>"] + [b"<0x%02X>" % byte for byte in range(256)]
    kinds = [gguf.TokenType.UNKNOWN, gguf.TokenType.CONTROL, gguf.TokenType.CONTROL] + [gguf.TokenType.BYTE] * 256
    tokens += [beginning.encode() for beginning in beginnings] + [b"~idle~%d" % number for number in range(idle)]
    first = len(tokens)
    tokens += [piece.encode() for piece in spelled]
    kinds += [gguf.TokenType.NORMAL] * (len(tokens) - len(kinds))
    assert len(set(tokens)) == len(tokens), "a piece occurs twice"
    # The longest beginning wins. Merging never leads to a piece: their scores are the lowest.
    scores = [0.0] * (first - len(beginnings) - idle) + [float(len(beginning)) for beginning in beginnings]
    scores += [-1e6] * (idle + len(pieces))

    heads = 4
    count = len(tokens)
    # One dimension for each piece, and one for everything else.
    width = -(-(len(pieces) + 1) // 32) * 32
    embedding = numpy.zeros((count, width), numpy.float32)
    embedding[:first, 0] = 1
    embedding[numpy.arange(first, count), numpy.arange(1, len(pieces) + 1)] = 1
    output = numpy.zeros((count, width), numpy.float32)
    logit = LOGIT / width**0.5  # the norm before it makes the one of one-hot sqrt(width)
    output[numpy.arange(first, count), numpy.arange(len(pieces))] = logit
    output[2, len(pieces)] = logit
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
    writer.add_add_space_prefix(space_prefix)
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

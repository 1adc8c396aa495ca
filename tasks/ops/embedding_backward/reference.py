def embedding_backward(grad, index, earlier):
    return earlier.index_add(0, index, grad.float())


def oracle(grad, index, earlier):
    return earlier.double().index_add(0, index, grad.double())


def magnitude(grad, index, earlier):
    return earlier.double().abs().index_add(0, index, grad.double().abs())

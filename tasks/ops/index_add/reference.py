def index_add(base, index, source):
    return base.float().index_add(0, index, source.float()).to(base.dtype)


def oracle(base, index, source):
    return base.double().index_add(0, index, source.double())


def magnitude(base, index, source):
    return base.double().abs().index_add(0, index, source.double().abs())

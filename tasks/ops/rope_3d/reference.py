import torch


def rope_3d(x, cos_t, sin_t, cos_y, sin_y, cos_x, sin_x):
    T, Y, X = cos_t.shape[0], cos_y.shape[0], cos_x.shape[0]

    def grid(t, y, x):
        t, y, x = t[:, None, None], y[None, :, None], x[None, None, :]
        return torch.cat([a.expand(T, Y, X, -1) for a in (t, y, x)], -1).reshape(T * Y * X, 1, -1)

    c, s = grid(cos_t, cos_y, cos_x), grid(sin_t, sin_y, sin_x)
    a, b = x[..., ::2].float(), x[..., 1::2].float()
    return torch.stack([a * c - b * s, a * s + b * c], -1).flatten(-2).to(x.dtype)


def _rotate(x, cosines, sines, sign):
    extents = [table.shape[0] for table in cosines]

    def grid(tables):
        spread = [
            table[(None,) * axis + (slice(None),) + (None,) * (2 - axis)].expand(*extents, -1)
            for axis, table in enumerate(tables)
        ]
        return torch.cat(spread, -1).flatten(0, 2)[:, None]

    c, s = grid(cosines), grid(sines)
    a, b = x[..., ::2], x[..., 1::2]
    return torch.stack([a * c + sign * b * s, a * s + b * c], -1).flatten(-2)


def oracle(x, cos_t, sin_t, cos_y, sin_y, cos_x, sin_x):
    cosines, sines = (cos_t, cos_y, cos_x), (sin_t, sin_y, sin_x)
    return _rotate(x.double(), [c.double() for c in cosines], [s.double() for s in sines], -1)


def magnitude(x, cos_t, sin_t, cos_y, sin_y, cos_x, sin_x):
    # The two products before they cancel.
    cosines, sines = (cos_t, cos_y, cos_x), (sin_t, sin_y, sin_x)
    sizes = [[table.double().abs() for table in tables] for tables in (cosines, sines)]
    return _rotate(x.double().abs(), *sizes, 1)

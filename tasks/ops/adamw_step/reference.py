def adamw_step(param, grad, m, v, lr, beta1, beta2, eps, weight_decay, step):
    g = grad.float()
    new_m = beta1 * m + (1 - beta1) * g
    new_v = beta2 * v + (1 - beta2) * g * g
    update = new_m / (1 - beta1**step) / ((new_v / (1 - beta2**step)).sqrt() + eps)
    return param - lr * weight_decay * param - lr * update, new_m, new_v


def oracle(param, grad, m, v, lr, beta1, beta2, eps, weight_decay, step):
    p, g = param.double(), grad.double()
    new_m = beta1 * m.double() + (1 - beta1) * g
    new_v = beta2 * v.double() + (1 - beta2) * g * g
    update = new_m / (1 - beta1**step) / ((new_v / (1 - beta2**step)).sqrt() + eps)
    return p - lr * weight_decay * p - lr * update, new_m, new_v


def magnitude(param, grad, m, v, lr, beta1, beta2, eps, weight_decay, step):
    new_v = oracle(param, grad, m, v, lr, beta1, beta2, eps, weight_decay, step)[2]
    # The terms before they cancel.
    terms = beta1 * m.double().abs() + (1 - beta1) * grad.double().abs()
    update = terms / (1 - beta1**step) / ((new_v / (1 - beta2**step)).sqrt() + eps)
    return 0.1 * param.double().abs() + lr * update, terms, new_v

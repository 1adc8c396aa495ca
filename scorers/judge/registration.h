// The macros that kernel-builder gives every kernel repository as torch-ext/registration.h: a
// registration of operators under a name that is itself a macro, and the entry by which Python
// imports the library.  Python's limited API is all that the entry needs.
#pragma once

#include <Python.h>

#define SKILLDYNO_PASTE_EXPANDED(left, right) left##right
#define SKILLDYNO_PASTE(left, right) SKILLDYNO_PASTE_EXPANDED(left, right)
#define SKILLDYNO_QUOTE_EXPANDED(text) #text
#define SKILLDYNO_QUOTE(text) SKILLDYNO_QUOTE_EXPANDED(text)

#define CONCAT(left, right) SKILLDYNO_PASTE(left, right)
#define STRINGIFY(text) SKILLDYNO_QUOTE(text)

// One more level of macros, so that the name is expanded before it is pasted.
#define TORCH_LIBRARY_EXPAND(name, library) TORCH_LIBRARY(name, library)
#define TORCH_LIBRARY_IMPL_EXPAND(name, key, library) TORCH_LIBRARY_IMPL(name, key, library)
#define STABLE_TORCH_LIBRARY_EXPAND(name, library) STABLE_TORCH_LIBRARY(name, library)
#define STABLE_TORCH_LIBRARY_IMPL_EXPAND(name, key, library) \
    STABLE_TORCH_LIBRARY_IMPL(name, key, library)

#define REGISTER_EXTENSION(name)                                            \
    PyMODINIT_FUNC SKILLDYNO_PASTE(PyInit_, name)() {                       \
        static PyModuleDef definition = {                                   \
            PyModuleDef_HEAD_INIT, SKILLDYNO_QUOTE(name), nullptr, 0, nullptr}; \
        return PyModule_Create(&definition);                                \
    }

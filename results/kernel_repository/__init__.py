"""A judged candidate as a kernel repository, in the Hugging Face kernel-builder layout."""

from .best import best_kernels
from .kernel import ExportError, JudgedKernel, kernel_of_row
from .repository import KernelRepository, kernel_repository, write_repository

__all__ = [
    "ExportError",
    "JudgedKernel",
    "KernelRepository",
    "best_kernels",
    "kernel_of_row",
    "kernel_repository",
    "write_repository",
]

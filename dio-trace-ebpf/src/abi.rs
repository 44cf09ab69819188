//! Layout of what crosses from the kernel.

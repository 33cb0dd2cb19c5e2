/* simd.h -- the widest vectors of the machine at hand for loops that the compiler vectorises. */
#ifndef UG_SIMD_H
#define UG_SIMD_H

/* Before a function: one binary holds versions for several widths, and picks when it is loaded.
 * None of the widths adds fused multiply-adds, so all versions of a loop give the same bits, and
 * UNITGRAPH_CPU (cpu.h) has no say in it.  Clang 14 gives static functions of one name in two files
 * the same resolver, which does not link; the engine in float64 (double.h) would be touched at
 * every start to choose. */
#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__clang__) &&                        \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(UG_DOUBLE)
#define UG_WIDEST __attribute__((target_clones("avx2", "default")))
#else
#define UG_WIDEST
#endif

/* Before a loop whose rounds touch different elements, even where its pointers are equal. */
#if defined(__clang__)
#define UG_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define UG_INDEPENDENT _Pragma("GCC ivdep")
#endif

/* The calling thread flushes numbers too small for a normal float32 to zero from now on: arithmetic
 * on them takes a hundred times as long.  Does nothing where the machine has no such switch. */
void ug_flush_denormals(void);

#endif

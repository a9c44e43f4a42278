using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace AgentGrid.Engine.Libraries;

/// <summary>
/// Where one library lives, with the packages that it was built with, native ones among them: two libraries can have
/// different versions of the same package, and the program a third.
/// </summary>
internal sealed class LibraryContext : AssemblyLoadContext
{
    // Libraries for servers may refer to ASP.NET Core, and the command line, which checks them, runs without it.
    private static readonly string s_web =
        RuntimeEnvironment.GetRuntimeDirectory().Replace("Microsoft.NETCore.App", "Microsoft.AspNetCore.App", StringComparison.Ordinal);

    private readonly AssemblyDependencyResolver _resolver;
    private readonly string _folder;

    /// <param name="path">The full path of the library.</param>
    /// <exception cref="InvalidOperationException">Its <c>.deps.json</c> cannot be read.</exception>
    public LibraryContext(string path)
        : base(Path.GetFileNameWithoutExtension(path)) =>
        (_resolver, _folder) = (new AssemblyDependencyResolver(path), Path.GetDirectoryName(path)!);

    /// <summary>The file that a reference of the library means; null for what it has not, and for what the program shares.</summary>
    public string? Find(AssemblyName name)
    {
        if (HostAssemblies.Share(name.Name!))
        {
            return null;
        }
        if (_resolver.ResolveAssemblyToPath(name) is { } listed)
        {
            return listed;
        }
        // What was put there after the build is not in .deps.json.
        return In(Path.Combine(_folder, name.CultureName ?? ""), name) ?? In(s_web, name);
    }

    protected override Assembly? Load(AssemblyName assemblyName) =>
        Find(assemblyName) is { } path ? LoadFromAssemblyPath(path) : null;

    private static string? In(string folder, AssemblyName name)
    {
        var path = Path.Combine(folder, $"{name.Name}.dll");
        return File.Exists(path) ? path : null;
    }

    protected override nint LoadUnmanagedDll(string unmanagedDllName) =>
        _resolver.ResolveUnmanagedDllToPath(unmanagedDllName) is { } path ? LoadUnmanagedDllFromPath(path) : nint.Zero;
}

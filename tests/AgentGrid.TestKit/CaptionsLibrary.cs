using System.Runtime.InteropServices;

namespace AgentGrid.TestKit;

/// <summary>A library of agents with packages, as a build has made it: tests/Captions.</summary>
public static class CaptionsLibrary
{
    public static string Dll
    {
        get
        {
            // tests/<project>/bin/<configuration>/net10.0
            var here = new DirectoryInfo(AppContext.BaseDirectory);
            var dll = Repository.PathOf("tests", "Captions", "bin", here.Parent!.Name, here.Name, "Captions.dll");
            return File.Exists(dll) ? dll : throw new FileNotFoundException("It is not built where it was expected.", dll);
        }
    }

    /// <summary>Copies what lies beside it, its native libraries left out, but for some files.</summary>
    /// <returns>The path of the copy.</returns>
    public static string CopyTo(string folder, params string[] without)
    {
        Copy(Path.GetDirectoryName(Dll)!, folder, without);
        return Path.Combine(folder, Path.GetFileName(Dll));
    }

    /// <summary>Copies its native libraries for this machine into the folder itself.</summary>
    public static void CopyNativeTo(string folder) => Copy(
        Path.Combine(Path.GetDirectoryName(Dll)!, "runtimes", RuntimeInformation.RuntimeIdentifier, "native"), folder, []);

    private static void Copy(string from, string to, string[] without)
    {
        foreach (var file in new DirectoryInfo(from).GetFiles().Where(f => !without.Contains(f.Name)))
        {
            file.CopyTo(Path.Combine(to, file.Name));
        }
    }
}

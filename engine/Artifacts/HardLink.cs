using System.Runtime.InteropServices;

namespace AgentGrid.Engine.Artifacts;

/// <summary>A second name of a file: its bytes are there as long as one of them is.</summary>
internal static partial class HardLink
{
    /// <returns>False where the system, or its disk, has none.</returns>
    public static bool TryMake(string path, string target)
    {
        try
        {
            return OperatingSystem.IsWindows() ? CreateHardLink(target, path, 0) : Link(path, target) == 0;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string path, string target);

    [LibraryImport("kernel32", EntryPoint = "CreateHardLinkW", StringMarshalling = StringMarshalling.Utf16)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool CreateHardLink(string target, string path, nint security);
}

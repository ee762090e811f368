// SPDX-License-Identifier: GPL-2.0-or-later
//
// The stores of the page, and how views read them.

import { createContext, useContext, useSyncExternalStore } from 'react';

import { type Access, AccessStore, type Permission } from './service/access';
import { NameWatch } from './service/bus';
import { NAME, ServiceStore, type Snapshot } from './service/service';
import { type Traffic, TrafficStore } from './service/traffic';
import { isVisible, onVisibility } from './service/visibility';

export interface Stores {
    service: ServiceStore;
    traffic: TrafficStore;
    access: AccessStore;
}

export function openStores(): Stores {
    const service = new ServiceStore();
    const traffic = new TrafficStore(service);
    const access = new AccessStore(() => { service.reconnect() });
    new NameWatch(NAME, owner => { service.setOwner(owner) }, error => { service.fail(error) });
    onVisibility(() => {
        if (isVisible())
            void service.refresh();
    });
    return { service, traffic, access };
}

export const StoresContext = createContext<Stores | null>(null);

export function useStores(): Stores {
    const stores = useContext(StoresContext);
    if (!stores)
        throw new Error('no stores');
    return stores;
}

export function useService(): Snapshot {
    const { service } = useStores();
    return useSyncExternalStore(service.subscribe, service.get);
}

export function useTraffic(): Traffic {
    const { traffic } = useStores();
    return useSyncExternalStore(traffic.subscribe, traffic.get);
}

export function useAccess(): Access {
    const { access } = useStores();
    return useSyncExternalStore(access.subscribe, access.get);
}

export const useAllowed = (permission: Permission): boolean => useAccess().allowed[permission] === true;
